"""Commands that print figures: how fast a catalogue is indexed, how long a search takes. They assert nothing about time."""
