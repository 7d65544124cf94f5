// Loads the compiled program; apart from twinlog.cjs because an old Node would not even parse `import()`.
'use strict'

import('../dist/main.js').catch(function (error) {
  process.stderr.write('twinlog could not be loaded: ' + (error && error.stack ? error.stack : error) + '\n')
  process.exitCode = 1
})
