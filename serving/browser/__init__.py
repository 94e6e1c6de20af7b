"""What pages load: the browser snippet and its types."""
