"""What goes into the sandbox with the student's code: it knows no answer, and nothing here is trusted from outside."""
