"""What is said of entries: taken back, corrected, proposed, disputed; which rule pack is followed."""
