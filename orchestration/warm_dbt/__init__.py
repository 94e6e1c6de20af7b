"""dbt started from a process that has imported it and parsed the project already: 2 CPU seconds instead of 9."""
