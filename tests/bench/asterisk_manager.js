// npm asterisk-manager as a contender of G1: node asterisk_manager.js FOLDER_OF_NODE_MODULES PORT USER SECRET
// Prints what tests/bench/ami_readers.py prints.
'use strict'
const [folder, port, user, secret] = process.argv.slice(2)
const ami = require(`${folder}/node_modules/asterisk-manager`)(Number(port), '127.0.0.1', user, secret, true)
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6 }
let start = 0
let seen = 0
ami.on('managerevent', event => {
  if (event.event === 'FullyBooted') return // comes with the login, is not of the stream
  if (!start) start = cpu()
  seen += 1
  if (event.queue === 'the-last-of-all') {
    console.log(JSON.stringify({ cpu: cpu() - start, seen, block: null }))
    process.exit(0)
  }
})
