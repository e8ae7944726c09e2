"""The ``office`` commands, but those of the sample, the views and publishing, which have rooms of their own."""
