/** How the juniors' papers came out. */
export const assessments = {
  assessments: {
    title: ['初审质量', 'Assessments'],
    say: ['按审核时间计；一份文书审核两次算两次。', 'By the time of the review; a paper that was reviewed twice counts twice.'],
    empty: ['这段时间没有审核过的文书。', 'No paper was reviewed in this time.'],
    paper: ['文书', 'Paper'],
    marks: ['评定', 'Said of it'],
    reviewed: ['审核人', 'Reviewed by'],
  },
  assessed: {
    reviewed: ['已审核', 'Reviewed'],
    right: ['正确', 'Right'],
    sent_back: ['退回修改', 'Sent back'],
    late: ['迟了', 'Late'],
    wrong_class: ['分类错', 'Wrongly classed'],
    wrong_sent: ['派错', 'Wrongly sent'],
  },
  span: {
    from: ['从', 'From'],
    to: ['到', 'To'],
    shown: ['{from} 至 {to}', '{from} to {to}'],
    cut: ['只列出最新的 {n} 条，共 {all} 条；缩短日期范围可看到其余的。', 'The newest {n} of {all} are shown; a shorter time shows the others.'],
    formula: ['公式 {name}', 'Formula {name}'],
  },
} as const
