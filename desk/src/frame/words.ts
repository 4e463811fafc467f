/** The frame around every page: the link to the server, the keys. */
export const frame = {
  app: {
    name: ['听诉', 'Tingsu'],
    claim: ['十五秒内有人接听的投诉热线', 'The complaint line that answers in fifteen seconds'],
    skip: ['跳到主要内容', 'Skip to the content'],
    rooms: ['房间', 'Rooms'],
  },
  link: {
    browser: ['与服务器的连接断了，正在重新连接。已录入的内容保存在本机，连上后会自动发送。', 'The connection to the server is down; reconnecting. What you typed is kept here and will be sent.'],
    switch: ['与电话交换机的连接断了：排队和状态暂时不可信，通话不受影响。', 'The link to the telephone switch is down: queue and states cannot be trusted now; calls go on.'],
    ended: ['登录已结束。请先讲完这通电话，之后重新登录。', 'Your session has ended. Finish this call, then log in again.'],
    retry: ['立即重试', 'Try now'],
  },
  keys: {
    title: ['按键', 'Keys'],
    answer: ['接听来电', 'Answer the call'],
    mute: ['静音 / 取消静音', 'Mute / unmute'],
    hold: ['保持 / 取回', 'Hold / take back'],
    hangup: ['挂断', 'Hang up'],
    confirm: ['确认投诉单', 'Confirm the ticket'],
    search: ['搜索投诉单', 'Search tickets'],
    list: ['在列表中移动、打开', 'Move in a list, open'],
    play: ['播放 / 暂停（播放器内）', 'Play / pause (in the player)'],
    seek: ['后退 / 前进 3 秒（播放器内）', 'Back / on by 3 s (in the player)'],
    esc: ['关闭打开的窗口', 'Close what is open'],
    help: ['显示此列表', 'Show this list'],
  },
} as const
