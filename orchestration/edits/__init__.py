"""What people changed of what the shop answers: which file, which field, who, and for how many customers it matters."""
