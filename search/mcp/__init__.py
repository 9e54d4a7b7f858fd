"""Studies as tools for agents, by the Model Context Protocol over stdin and stdout."""
