"""Where nbgrader is told to do otherwise: how a notebook is run, and how its marks are saved."""
