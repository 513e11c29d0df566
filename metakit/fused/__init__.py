"""Networks whose derivatives are written by hand: the same mathematics as autograd's, for all tasks in one call."""
