"""Feeds what nobody would send to everything that reads from a child: it must end as an answer or as no answer."""
