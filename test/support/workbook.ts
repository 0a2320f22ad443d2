// Workbooks for tests, their sheets by name.
import writeWorkbook from 'write-excel-file/node'

type Cell = string | number | boolean | Date | null

/** The bytes of a workbook. */
export async function workbook(
  sheets: Readonly<Record<string, readonly (readonly Cell[])[]>>,
): Promise<Uint8Array> {
  const pages = Object.entries(sheets).map(([sheet, rows]) => ({
    sheet,
    data: rows.map((row) => row.map((value) => (value === null ? null : cellOf(value)))),
  }))
  return writeWorkbook(pages).toBuffer()
}

function cellOf(value: Exclude<Cell, null>): { value: Exclude<Cell, null>; format?: string } {
  return value instanceof Date ? { value, format: 'yyyy-mm-dd' } : { value }
}
