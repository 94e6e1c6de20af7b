"""A month of the demo company lived hour by hour: shoppers come, the service decides, the loop learns."""
