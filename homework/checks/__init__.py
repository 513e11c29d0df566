"""What the hidden tests ask, one module a homework: functions named after the grade cell that calls them."""
