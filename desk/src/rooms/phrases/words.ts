/** Reasons and text blocks. */
export const phrases = {
  phrases: {
    title: ['原因与常用语', 'Stock phrases'],
    say: [
      '原因供结单时选择；常用语在写答复或工单任务时插入。都不能删除，只能停用。',
      'Reasons are chosen from when a case is closed; text blocks are put into an answer or a task. Neither can go, but each can be made inactive.',
    ],
    code: ['编码', 'Code'],
    codeRule: ['小写字母、数字、_', 'small letters, digits, _'],
    zh: ['中文名', 'Chinese name'],
    en: ['英文名', 'English name'],
    text: ['内容', 'Text'],
    active: ['启用', 'Active'],
    put: ['插入常用语…', 'Put in a text block…'],
    add: ['添加', 'Add'],
    none: ['还没有，先添加一条。', 'None yet: add the first.'],
    unsaved: ['未保存', 'Not saved'],
    history: ['修改记录', 'Changes'],
    noHistory: ['还没有修改过。', 'Nothing has been changed yet.'],
    edition: ['第 {n} 版', 'Edition {n}'],
    present: ['现用', 'in force'],
    back: ['恢复到这一版', 'Go back to this one'],
    backSure: ['恢复到第 {n} 版？之后新增的会停用。', 'Go back to edition {n}? What came later becomes inactive.'],
    stale: ['别人刚改过。请先重新载入，再改一次。', 'Somebody else has just changed them. Load them again, then change them once more.'],
  },
  phraseList: {
    unconfirmed: ['未经客户确认而结单的原因', 'Reasons for closing without the customer’s confirmation'],
    answer: ['答复常用语', 'Text blocks for answers'],
    task: ['工单任务常用语', 'Text blocks for tasks of orders'],
  },
} as const
