"""A local page for analysts: alerts with cause, trend, samples and what they touch; acknowledge, resolve, mute."""
