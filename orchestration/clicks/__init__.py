"""Items shown in lists, with the segment of who saw them, and the effects found as rows."""
