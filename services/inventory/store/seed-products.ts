/** The id of the nth product of a development stack. It must not change, because the README uses it. */
export const seedProductId = (n: number): string => `019b76da-a800-7000-8000-${String(n).padStart(12, "0")}`;

type SeedProduct = { name: string; description: string; cents: number; stock: number };

export const seedProducts: readonly SeedProduct[] = [
  entry("Enamel coffee mug", "Steel mug, 350 ml, with a rolled rim. Survives a campfire and the dishwasher.", 1499),
  entry("Burr coffee grinder", "Hand grinder with 38 mm steel burrs and 24 settings, for 30 g of beans.", 7900),
  entry("Pour-over kettle", "Gooseneck kettle, 1 litre, with a thermometer in the lid. For gas and induction.", 5450),
  entry("Cast iron skillet", "26 cm pan, seasoned twice. Lasts longer than the stove it stands on.", 3995),
  entry("Chef's knife", "20 cm blade of stainless steel, full tang, walnut handle.", 8900),
  entry("Linen apron", "Washed linen with two pockets. One size, ties in front.", 4200),
  entry("Wool blanket", "Merino throw, 130 × 180 cm, woven in a herringbone pattern.", 12900),
  entry("Desk lamp", "Aluminium lamp with a jointed arm and a warm, dimmable LED.", 6800),
  entry("Mechanical keyboard", "75 % layout, hot-swappable switches, USB-C. Loud enough to be heard at work.", 11900),
  entry("Wireless mouse", "Six buttons, 70 days a charge, works on glass.", 4999),
  entry("Laptop stand", "Folds to the size of a ruler and lifts the screen by 15 cm.", 3500),
  entry("USB-C hub", "HDMI, Ethernet, three USB ports, card reader, and power through to the laptop.", 5900),
  entry("Noise-cancelling headphones", "Over-ear, 30 hours a charge, folds flat, cable included for planes.", 24900),
  entry("Dotted notebook", "A5, 192 numbered pages of 100 g paper, lies flat.", 1890),
  entry("Fountain pen", "Steel nib, medium, with converter. Writes at the first stroke.", 3200),
  entry("Canvas backpack", "22 litres, waxed cotton, padded sleeve for a 15-inch laptop.", 9800),
  entry("Steel water bottle", "750 ml, keeps cold for a day and hot for half of one.", 2790),
  entry("Trail running shoes", "Grippy sole, 8 mm drop, dries overnight. Sizes by e-mail after the order.", 13500),
  entry(
    "Numbered art print",
    "A limited edition on cotton paper, signed. There are five, and no more will be made.",
    19500,
    5,
  ),
  entry("Portable record player", "Belt drive with built-in speakers. Sold out until the next delivery.", 15900, 0),
];

function entry(name: string, description: string, cents: number, stock = 10_000): SeedProduct {
  return { name, description, cents, stock };
}
