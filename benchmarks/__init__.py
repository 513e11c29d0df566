"""How fast is metakit, and beside whom: one full meta-iteration, the same for all, checked before it is timed."""
