"""What goes out: the report, the table, grades for other systems."""
