"""Those who are compared: one small program each, run by the Python of its own environment.

A program answers requests (``protocol``) about one *problem*: a start, tasks, and how to learn from them. They import
nothing of ``benchmarks`` but ``protocol`` and, those that use PyTorch, ``torch_parts``.
"""
