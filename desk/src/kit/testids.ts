/** Where a test finds things: every `data-testid` of the desk. Only these are promised to stay. */
export const TEST = {
  login: { name: 'login-name', password: 'login-password', submit: 'login-submit', error: 'login-error', away: 'login-away', language: 'language' },
  password: { old: 'password-old', fresh: 'password-new', again: 'password-again', submit: 'password-submit', error: 'password-error' },
  frame: {
    nav: (room: string) => `nav-${room}`,
    banner: 'banner', // data-banner: session | browser | switch | phone | microphone | reload
    queue: 'queue-ring', // data-waiting
    queues: 'queues-open',
    oneQueue: 'queue-row', // data-queue, data-waiting
    level: 'service-level',
    bannerAct: 'banner-act',
    keys: 'keys-dialog',
    palette: 'palette-open',
    fold: 'nav-fold',
    theme: 'theme',
    density: 'density',
    compact: 'compact', // aria-pressed
    account: 'account',
    logout: 'logout',
  },
  palette: { entry: 'palette-entry', item: 'palette-item' }, // data-kind: go | do | ticket | customer | call | person
  first: { steps: 'first-steps', step: (step: string) => `first-step-${step}` }, // data-done
  question: { yes: 'question-yes', no: 'question-no' },
  system: { aside: 'set-aside', retry: 'set-aside-retry' },
  state: {
    switch: 'state-switch', // data-state, data-reason
    ready: 'state-ready',
    away: 'state-away',
    pause: (reason: string) => `state-pause-${reason}`,
    now: 'state-ready-now',
  },
  phone: {
    line: 'phone-line', // data-registration: off | connecting | registered | failed | elsewhere | insecure
    settings: 'phone-settings',
    microphone: 'microphone',
    notice: 'ring-notice',
    test: 'test-call', // data-phase: off | asking | calling | up, data-verdict: speak | listening | good | lost | quiet
    testStart: 'test-call-start',
    testEnd: 'test-call-end',
    testSaid: 'test-call-said',
    testMine: 'test-call-mine', // data-level 0..100
    testTheirs: 'test-call-theirs',
  },
  choice: 'choice', // one of a TheSelect's; data-value
  detail: {
    back: 'detail-back',
    actions: 'detail-actions', // what can be done now
    copy: 'detail-copy',
  },
  reveal: { panel: 'reveal', turn: 'reveal-turn' }, // data-shown
  day: {
    panel: 'the-day',
    due: 'due-row', // data-ticket-id
    mine: 'my-day',
    earlier: 'earlier-cases',
  },
  pop: {
    card: 'pop-card', // data-pop-id, data-call-id, data-stage
    caller: 'pop-caller',
    number: 'pop-number',
    name: 'pop-name',
    tier: 'pop-tier',
    ivr: 'pop-ivr',
    answer: 'answer',
    open: 'pop-open-tickets',
    calls: 'pop-last-calls',
    more: 'pop-more',
    rail: 'pop-rail',
    fold: 'pop-fold',
  },
  call: {
    ring: 'call-ring',
    answer: 'answer-above',
    heldFor: 'held-for',
    again: 'hangup-again',
    bar: 'call-bar', // data-phase: connecting | talking | held, data-call-id
    time: 'call-time',
    mute: 'call-mute', // aria-pressed
    hold: 'call-hold', // aria-pressed
    keypad: 'call-keypad',
    digit: (tone: string) => `dtmf-${tone}`,
    transfer: 'call-transfer',
    number: 'call-number',
    name: 'call-name',
    transferTo: 'transfer-to',
    transferGo: 'transfer-go',
    hangup: 'call-hangup',
    levelMine: 'level-mine', // data-level 0..100
    levelTheirs: 'level-theirs',
  },
  typing: {
    taken: 'typing-taken',
    drop: 'typing-drop',
  },
  form: {
    deadline: 'ticket-deadline', // data-rule, data-standing
    form: 'ticket-form', // data-ticket-id, data-ticket-state, data-version, data-saving
    field: (field: string) => `field-${field}`, // the control itself; data-source, data-unsure
    evidence: (field: string) => `evidence-${field}`,
    take: (field: string) => `take-${field}`,
    problem: (field: string) => `problem-${field}`,
    mine: (field: string) => `mine-${field}`,
    theirs: (field: string) => `theirs-${field}`,
    saving: 'saving',
    confirm: 'confirm',
    discard: 'discard',
    restore: 'restore',
    close: 'close-ticket',
    closeAnswer: 'close-answer',
    closing: 'closing', // data-value
    closeNote: 'close-note',
    closeTheirs: 'close-theirs',
    stepNote: 'step-note',
    newer: 'newer',
    acknowledge: 'acknowledge',
    beside: 'people-beside', // data-person, data-at
    besideField: (field: string) => `beside-${field}`,
    notAccept: 'not-accept',
    accept: 'accept-after-all',
    hotline: 'hotline-proposal', // its rows: data-trigger
    escalate: 'hotline-proposal-take',
    told: 'acknowledged-how',
    stages: 'case-stages',
    authority: 'case-authority',
    stage: 'case-stage', // data-stage, data-standing: done | current | passed | ahead
    new: 'ticket-new',
    putAway: 'put-away',
    askYes: 'ask-yes',
    undo: 'undo',
    number: 'ticket-number',
    drafting: 'drafting', // data-drafting
    paper: 'ticket-paper', // what is printed
    document: 'ticket-document',
    draftRow: 'draft-row', // data-ticket-id
    holder: 'ticket-holder', // data-level, data-owner
    hands: 'hand-on',
    hand: (step: string) => `hand-${step}`,
    handReason: 'hand-reason',
    trigger: (code: string) => `trigger-${code}`,
    handSend: 'hand-send',
  },
  words: {
    panel: 'transcript', // data-state
    demonstration: 'demonstration',
    utterance: 'utterance', // data-speaker
    word: 'word', // data-start
  },
  player: {
    player: 'player',
    play: 'player-play',
    wave: 'player-wave',
    time: 'player-time',
    speed: 'player-speed',
    side: (side: string) => `player-${side}`, // both | caller | agent, aria-pressed
  },
  customerImport: {
    file: 'import-file',
    refusal: 'import-refusal',
    encoding: 'import-encoding',
    preview: 'import-preview',
    result: 'import-result',
    problem: 'import-problem',
    check: 'import-check',
    write: 'import-write',
    callOff: 'import-call-off',
    progress: 'import-progress', // data-state
    failure: 'import-failure',
  },
  lexicon: { authority: (code: string) => `lexicon-authority-${code}` },
  hotline: {
    panel: 'decisions',
    decision: 'decision', // data-kind, data-seq
    decide: (kind: string) => `decide-${kind}`,
    entry: (field: string) => `decision-${field}`,
    send: 'decision-send',
    story: 'story',
    told: 'story-row', // data-what, data-action
    overrule: 'overrule',
    print: 'story-print',
  },
  tray: {
    count: 'tray-count', // data-level
    row: 'tray-row', // data-ticket-id
    which: (which: string) => `tray-${which}`,
    take: 'tray-take',
  },
  list: {
    view: (view: string) => `view-${view}`,
    search: 'search',
    row: 'ticket-row', // data-ticket-id
    fresh: 'fresh',
    more: 'more',
    views: 'saved-views',
    savedView: 'saved-view',
    viewName: 'view-name',
    saveView: 'view-save',
    restoreView: 'view-restore',
    columns: 'columns',
    column: (column: string) => `column-${column}`,
    sort: (column: string) => `sort-${column}`,
    direction: 'filter-direction',
    severity: 'filter-severity',
    channel: 'filter-channel',
    outcome: 'filter-outcome',
    from: 'filter-from',
    to: 'filter-to',
    callRow: 'call-row', // data-call-id
    customerRow: 'customer-row',
    personRow: 'person-row',
    choose: 'choose',
    chooseAll: 'choose-all',
    chosen: 'chosen', // data-count
    unchoose: 'unchoose',
    copyNumbers: 'copy-numbers',
    export: 'export',
    customerAdd: 'customer-add',
    step: (step: string) => `bulk-${step}`,
    stepOutcome: 'bulk-outcome',
    undoStep: 'bulk-undo',
    pane: 'preview', // data-row
    paneSwitch: 'preview-switch', // aria-pressed
    paneOpen: 'preview-open',
    paneClose: 'preview-close',
  },
  order: {
    panel: 'orders-panel',
    card: 'order-card', // data-order-id, data-state
    paper: 'order-paper', // data-state
    step: (step: string) => `order-${step}`,
    drop: 'order-drop',
    reminder: 'order-reminder', // data-step, data-sent
    evidence: 'order-evidence', // data-kind
    evidenceWrong: 'order-evidence-wrong',
    evidenceFile: 'evidence-file',
    addEvidence: 'evidence-add',
    print: 'order-print',
    printWarning: 'warning-print',
    entry: (field: string) => `order-entry-${field}`,
    send: 'order-send',
    open: 'orders-open',
    over: 'orders-over',
    linked: 'order-linked', // data-state
  },
  appeal: { panel: 'appeals-panel', row: 'appeal-row', add: 'appeal-add', entry: 'appeal-entry', send: 'appeal-send', step: (step: string) => `appeal-${step}`, join: 'appeal-join', joined: 'appeal-joined', unjoin: 'appeal-unjoin' }, // data-state
  repeat: { panel: 'repeats', likely: 'repeat-likely', yes: 'repeat-yes', no: 'repeat-no', confirmed: 'repeat-confirmed', dismissed: 'repeat-dismissed', undo: 'repeat-undo' }, // data-ticket-id
  inbox: {
    bell: 'inbox-bell', // data-unread
    notice: 'inbox-notice', // data-code, data-unread
    mark: 'inbox-mark',
    readAll: 'inbox-read-all',
    undo: 'inbox-undo',
    all: 'inbox-all',
  },
  why: { moved: 'why-moved', open: 'why-open', clocks: 'why-clocks', clock: 'why-clock' }, // data-rule
  warnings: { table: 'warnings', row: 'warning-row', print: 'warning-row-print' }, // data-number
  phrases: { row: 'phrase-row', add: (list: string) => `phrase-add-${list}`, save: 'phrases-save', put: (list: string) => `phrase-put-${list}`, found: 'phrase-found' }, // data-code
  calendar: { day: 'calendar-day', form: 'calendar-form', take: 'calendar-take', save: 'calendar-save', back: 'calendar-back', moved: 'calendar-moved', counting: 'calendar-counting', estimate: 'calendar-estimate', hours: (day: number) => `calendar-hours-${day}` }, // data-day, data-working, data-source; data-number
  departments: { row: 'department-row', add: 'department-add', addRule: 'rule-add', save: 'departments-save' },
  review: { count: 'review-count', row: 'review-row', paper: 'review-paper', reason: 'review-reason', approve: 'review-approve', sendBack: 'review-send-back', answer: 'review-answer', mark: (mark: string) => `review-mark-${mark}` }, // data-paper
  people: { reset: 'person-reset', resetNow: 'person-reset-now', once: 'password-once', copy: 'password-copy', done: 'password-done', role: (role: string) => `person-role-${role}`, queue: (name: string) => `person-queue-${name}` },
  home: { page: 'home', next: 'home-next', tray: 'home-tray', row: 'home-row', empty: 'home-empty', floor: 'home-floor', coming: 'home-coming' }, // data-tray, data-count, data-ticket-id
  cases: { stage: (stage: string) => `stage-${stage}`, mark: (mark: string) => `cases-${mark}`, row: 'open-case' }, // aria-pressed, data-count; data-ticket-id, data-stage
  figures: { row: 'figures-row', figure: (figure: string) => `figure-${figure}`, behind: 'figures-behind' }, // data-id
  policy: { row: 'policy-row' }, // data-what
  journal: { way: (way: string) => `journal-${way}`, row: 'journal-row' }, // data-action
} as const
