/** A queue without bounds of its own; who fills it bounds it. Taking from the front costs the same whatever its length. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  first(): Item | undefined {
    return this.#items[this.#head]
  }

  last(): Item | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1]
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head++
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#head = 0
    } else if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  *[Symbol.iterator](): Iterator<Item> {
    for (let index = this.#head; index < this.#items.length; index++) yield this.#items[index] as Item
  }
}
