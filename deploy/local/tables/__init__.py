"""What the read API has, table by table, on the terminal, in workbooks and CSV: in the words of its description."""
