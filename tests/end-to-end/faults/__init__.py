"""Real faults on real processes; see OVERVIEW.md."""
