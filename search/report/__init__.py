"""The page that holds everything about a study, and the dashboard to look at one."""
