"""What comes out of the results of a class: pages, sheets of other systems, and files for other programs."""
