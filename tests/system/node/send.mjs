// Sends one call of each kind with Segment's own library: node send.mjs HOST WRITE_KEY
import { Analytics } from '@segment/analytics-node'

const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, maxRetries: 0 })
const failed = []
analytics.on('error', (error) => failed.push(error))
const userId = 'node-user'
analytics.identify({ userId, anonymousId: 'node-cookie', traits: { email: 'node@shop.example', firstName: 'Nora' } })
analytics.track({ userId, event: 'Product Viewed', properties: { product_id: 'p1', price: 9.5 } })
analytics.track({
  userId,
  event: 'Order Completed',
  properties: { order_id: 'n-1', total: 19, products: [{ product_id: 'p1', price: 9.5, quantity: 2 }] },
})
analytics.page({ userId, name: 'Home', properties: { url: 'https://shop.example/' } })
analytics.screen({ userId, name: 'Cart' })
analytics.group({ userId, groupId: 'acme', traits: { industry: 'toys' } })
analytics.alias({ userId, previousId: 'node-cookie' })
await analytics.closeAndFlush({ timeout: 120_000 })
if (failed.length) {
  console.error(failed)
  process.exit(1)
}
