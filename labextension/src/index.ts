/** The list of plugins, nothing else. */

import { compilation } from './plugins/compilation';
import { roles } from './plugins/roles';

export * from './tokens';

export default [compilation, roles];
