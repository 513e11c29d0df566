"""The sandbox as the grader sees it: bubblewrap, the warm process behind it, and the kernels that come out of that."""
