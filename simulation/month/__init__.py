"""A month of shoppers who respond to what they are shown, by a truth that the system never sees."""
