// Loads the compiled program; apart from twinlog.cjs because an old Node would not even parse `import()`.
'use strict'

// Compiled code is kept between starts (in the folder for temporary files, or NODE_COMPILE_CACHE); where that cannot be written, Node goes on without.
require('node:module').enableCompileCache()

import('../dist/main.js').catch(function (error) {
  process.stderr.write('twinlog could not be loaded: ' + (error && error.stack ? error.stack : error) + '\n')
  process.exitCode = 1
})
