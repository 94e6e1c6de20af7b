"""What an experiment shows: differences, intervals and looks from sums alone, without the rows behind them."""
