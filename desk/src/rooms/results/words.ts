/** What the departments' orders came to. */
export const results = {
  results: {
    title: ['部门考核', 'By department'],
    say: ['按派发时间计；书面警告按发出时间计。按时率＝按时回单 ÷（已回单或已超期）；一次办结率＝未退回、未重办、未二次派单 ÷ 已办结。', 'By the time of dispatch, warnings by their own. In time: of those that came back or ran out. Right at first: of those settled, never sent back, redone or dispatched again.'],
    empty: ['没有部门可显示。', 'There is no department to show.'],
    remarks: ['备注', 'Remarks'],
  },
  result: {
    dispatched: ['派发', 'Dispatched'],
    returned: ['已回单', 'Returned'],
    in_time: ['按时回单', 'In time'],
    late: ['超期', 'Late'],
    done: ['已办结', 'Settled'],
    first_right: ['一次办结', 'Right at first'],
    refused: ['退回过', 'Sent back'],
    warned: ['书面警告', 'Warned'],
  },
} as const
