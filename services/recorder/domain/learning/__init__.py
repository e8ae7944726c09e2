"""Study: sessions and what they bring, carriers and plans, courses. Rules only; what is declared is in ``schemas``."""
