// `node --import quilt-ts/register`: packages as modules, `import wine from 'quilt:ada/wine@1.0'`.
import { register } from 'node:module'

register(new URL('./hooks.js', import.meta.url))
