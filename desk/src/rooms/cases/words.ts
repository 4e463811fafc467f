/** Where the open cases stand. */
export const cases = {
  cases: {
    title: ['在办案件', 'Open cases'],
    stuckFor: ['多久没有动静算停滞', 'Stuck: untouched for'],
    empty: ['没有在办的案件。', 'No case is open.'],
    noMatch: ['没有这样的案件。', 'There is no such case.'],
    ofLate: ['{n} 超期', '{n} late'],
    cut: ['在办案件很多：只数了期限最近的 20000 件，每个数字都是“至少”。', 'Very many cases are open: the 20,000 whose clocks end first are counted, so each figure is the least there is.'],
    case: ['案件', 'Case'],
    stage: ['在等什么', 'Waits for'],
    about: ['内容', 'About'],
    moved: ['最近动静', 'Last touched'],
    clock: ['期限', 'Clock'],
    times: ['{n} 次', '{n}×'],
    first: ['只显示最急的 {n} 件，可按阶段筛选。', 'The {n} most urgent ones are shown: filter by stage for the others.'],
  },
  caseStage: {
    draft: ['待确认', 'Confirmation'],
    dispatch: ['待答复或派单', 'Answer or dispatch'],
    review: ['待二次审核', 'Second review'],
    rewrite: ['审核退回待改', 'Writing anew'],
    department: ['部门办理中', 'At the department'],
    decide: ['待裁定', 'A decision'],
    returned: ['已回单待认可', 'Judging the return'],
    closing: ['待结案', 'Closing'],
  },
  caseMark: {
    late: ['超期', 'Late'],
    stuck: ['停滞', 'Stuck'],
    bouncing: ['来回', 'Bouncing'],
  },
} as const
