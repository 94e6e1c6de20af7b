"""What a model card shows: how far scores hold, which features speak, how it stands beside simple answers."""
