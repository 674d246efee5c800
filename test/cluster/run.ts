import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Database } from './database.ts';
import { makeImages } from './image.ts';
import { bundledStores } from './bundled.ts';
import { releaseOf } from './release.ts';
import { Cluster } from './shell.ts';
import { Steps } from './steps.ts';
import { makeStoreImages } from './store-images.ts';

/**
 * npm run test:cluster -- FOLDER [helm4] [helm3] [stores]: installs the chart in the running cluster of FOLDER and asks
 * of it what production would. CLUSTER_TOOLS names the folder with cluster.sh and mkimage.py.
 */
const [folder, ...chosen] = process.argv.slice(2);
const tools = process.env['CLUSTER_TOOLS'] ?? '';
if (folder === undefined || !existsSync(join(tools, 'cluster.sh'))) {
  console.error(
    'usage: CLUSTER_TOOLS=<folder with cluster.sh> npm run test:cluster -- FOLDER [helm4] [helm3] [stores]',
  );
  process.exit(2);
}

const cluster = new Cluster(resolve(folder), resolve(tools));
const steps = new Steps();
steps.title('Cluster and image');
steps.yes('the cluster answers', cluster.kubectl('get', '--raw', '/readyz'));
steps.yes(
  'definitions of the operator, KEDA and the Gateway API',
  cluster.manage('crds', 'operator', 'gateway-api', 'keda'),
);
const images = makeImages(cluster.tools);
steps.that('the image is made', true, `${images.megabytes.toFixed(0)} MB, uncompressed`);
const stores = makeStoreImages(cluster.tools, images.folder);
steps.yes('the node has it', cluster.manage('load', images.current.tar, images.next.tar, ...stores));
const held = cluster.manage('in', 'ctr', '-n', 'k8s.io', 'images', 'list', '-q').text;
steps.that('both images are in it', held.includes('/assay:current') && held.includes('/assay:next'));
const database = await Database.start(cluster);
try {
  for (const part of chosen.length > 0 ? chosen : ['helm4', 'helm3', 'stores']) {
    if (part === 'stores') await bundledStores('helm4', cluster, steps);
    else await releaseOf({ helm: part, cluster, steps, database });
  }
} finally {
  database.stop();
  rmSync(images.folder, { recursive: true, force: true });
}
process.exitCode = steps.end() ? 0 : 1;
