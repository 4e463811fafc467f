/** Log-in, the own password, the first day. */
export const account = {
  login: {
    title: ['登录', 'Log in'],
    name: ['用户名', 'User name'],
    password: ['密码', 'Password'],
    enter: ['登录', 'Log in'],
    throttled: ['尝试次数过多。请等几分钟再试，或请管理员重设密码。', 'Too many attempts. Wait a few minutes, or ask an administrator to reset your password.'],
    language: ['语言', 'Language'],
    ended: ['登录已结束，请重新登录。', 'Your session has ended. Log in again.'],
    askingAgain: ['正在自动重试，恢复后会直接进入。', 'Trying again by itself; whoever is still logged in goes on at once.'],
    show: ['显示密码', 'Show password'],
    hide: ['隐藏密码', 'Hide password'],
  },
  password: {
    title: ['更改密码', 'Change password'],
    must: ['这是首次登录（或密码刚被重设）。请先设定只有您知道的密码。', 'This is your first log-in, or your password was reset. First choose a password that only you know.'],
    old: ['当前密码', 'Current password'],
    fresh: ['新密码', 'New password'],
    again: ['再输一次新密码', 'New password again'],
    rule: ['至少 10 个字符，其中 5 个不同。常用密码、姓名、日期、键盘顺序、您的用户名和姓名、产品名都不收；几个不相干的词连起来最好。', 'At least 10 characters, 5 of them different. Common passwords, names, dates, rows of keys, your own user name and name, and the product\'s name are refused; a few unrelated words together are best.'],
    short: ['新密码至少要 10 个字符。', 'The new password needs at least 10 characters.'],
    differs: ['两次输入的新密码不一样。', 'The two new passwords differ.'],
    save: ['保存新密码', 'Save the new password'],
    saved: ['密码已更改。', 'Password changed.'],
  },
  welcome: {
    title: ['第一次使用：试一下耳麦和铃声', 'First time: try headset and ring'],
    say: ['测试麦克风时浏览器会询问是否允许，请选“允许”。来电时您会听到下面选定的铃声。', 'Your browser asks whether Tingsu may use the microphone: choose “Allow”. The ring chosen below is what you hear when a call comes in.'],
    again: ['试耳麦和铃声', 'Try headset and ring'],
    done: ['都好了，开始工作', 'All good, start work'],
    later: ['以后再说', 'Later'],
  },
} as const
