"""What follows an order: its way to the door, returns, reviews, tickets and surveys, under the weather of the day."""
