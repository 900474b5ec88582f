import { testShop } from "./testing/shop";
const shop = await testShop();
const products = await Promise.all(Array.from({length:20},()=>shop.aProduct(1_000_000)));
async function run(name: string, n: number, pick: (i:number)=>{productId:string;quantity:number}[], expiresAt?: string, commit=false) {
  const t=performance.now(); let next=0; const orders:string[]=[];
  await Promise.all(Array.from({length:32}, async()=>{ while(next<n){const i=next++; const orderId=Bun.randomUUIDv7(); orders.push(orderId); await shop.reserve({orderId,items:pick(i),expiresAt}); if(commit) await shop.commit(orderId);} }));
  const s=(performance.now()-t)/1000; console.log(name, Math.round(n/s),"/s");
}
await run("warm",500,i=>[{productId:products[i%20]!,quantity:1}]);
await run("spread pinned 1 item",3000,i=>[{productId:products[i%20]!,quantity:1}]);
await run("spread pinned 3 items",2000,i=>[0,1,2].map(k=>({productId:products[(i*7+k*3)%20]!,quantity:1})));
await run("one product pinned",2000,_=>[{productId:products[0]!,quantity:1}]);
await run("spread expiring",2000,i=>[{productId:products[i%20]!,quantity:1}],"2099-01-01T00:00:00Z");
await run("spread reserve+commit pairs",2000,i=>[{productId:products[i%20]!,quantity:1}],undefined,true);
await run("one product reserve+commit pairs",1000,_=>[{productId:products[0]!,quantity:1}],undefined,true);
await shop.close(); process.exit(0);
