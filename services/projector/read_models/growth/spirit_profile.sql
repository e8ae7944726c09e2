-- 精神画像 · the spirit lived
-- Which of the six guide words (六个方面引导) and three goods (三好) was somebody's or a section's conduct recognised for? Counts, never a
-- ranking; for what it was stays sealed.
-- resource: spirit
-- kind: sum
-- whose: subject
-- types: chengzhang.spirit.conduct-recognised.v1

SELECT
    coalesce(data ->> 'person', data ->> 'section') COLLATE "C" AS subject, -- key base.Person · 对象 · the person, or the section
    shanghai_year(occurred_at) AS year, -- key base.Year
    data -> 'guide' AS by_guide, -- counts base.Guide · 按引导 · recognitions by guide word
    data -> 'good' AS by_good -- counts life.spirit.Good · 按三好 · recognitions as a good team, head or cadre
FROM fact
