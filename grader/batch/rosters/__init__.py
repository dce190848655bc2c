"""Who handed in what, by the systems that course staff download it from: a file for each format."""
