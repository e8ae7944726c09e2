"""The year's appraisal and who is chosen: a whole cycle by its steps, a selection of persons and one of sections.

during     what is judged during the year, and which entries may be evidence
standing   whose grade it will be, and why
grading    from the opened cycle to the decided grades
after      posting, notice, review, supplement, archive, what follows
choosing   the selections, and honours
steps      on which workday what is handed in
"""
