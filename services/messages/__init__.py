"""Messages to people: what they say, when they may be sent, where they are kept, how they are delivered."""
