"""Where nbgrader is told to do otherwise: how a notebook is run, how its marks are saved, and how they are shown."""
