// The functions that untrusted SQL may call, of DuckDB 1.5: those that only compute. Not here: what reads files,
// settings, variables or the catalog, runs or reads SQL, waits, writes a log, differs from run to run or from machine
// to machine (`random`, `now`, `hash`), or makes much out of nothing (`range`, `repeat`).

/** Names as the parser writes them, in lower case; operators too. */
export const allowedFunctions: ReadonlySet<string> = new Set(
  `
  + - * / // % ** ^ & | << >> ~ @ || && <@ @> ^@ ~~ !~~ ~~* !~~* ~~~ -> ->> !__postfix
  like_escape not_like_escape ilike_escape not_ilike_escape
  add subtract multiply divide mod fmod fdiv abs sign signbit ceil ceiling floor round round_even roundbankers trunc even
  sqrt cbrt exp ln log log2 log10 pow power pi degrees radians factorial gamma lgamma gcd lcm
  greatest_common_divisor least_common_multiple nextafter isnan isinf isfinite xor bit_count bit_length bit_position get_bit
  sin cos tan cot asin acos atan atan2 sinh cosh tanh asinh acosh atanh
  greatest least coalesce nullif constant_or_null typeof row
  ascii ord unicode chr lower lcase upper ucase length len strlen char_length character_length octet_length
  length_grapheme left right left_grapheme right_grapheme substr substring substring_grapheme
  trim ltrim rtrim lpad rpad reverse replace translate concat concat_ws format printf
  contains starts_with ends_with prefix suffix instr strpos position
  split split_part str_split string_split string_to_array str_split_regex string_split_regex regexp_split_to_array
  regexp_matches regexp_full_match regexp_extract regexp_extract_all regexp_replace regexp_escape
  strip_accents nfc_normalize levenshtein editdist3 damerau_levenshtein hamming mismatches
  jaccard jaro_similarity jaro_winkler_similarity md5 sha1 sha256
  hex to_hex unhex from_hex bin to_binary unbin from_binary base64 to_base64 from_base64 encode decode
  url_encode url_decode format_bytes
  year quarter month week weekofyear yearweek weekday dayofweek isodow isoyear dayofmonth dayofyear day hour minute
  second millisecond microsecond nanosecond century decade millennium era julian dayname monthname last_day
  days_in_month date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub date_add time_bucket
  epoch epoch_ms epoch_us epoch_ns make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns
  strftime strptime try_strptime to_timestamp normalized_interval timezone
  to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months
  to_quarters to_seconds to_weeks to_years
  list_value list_pack array_value list_contains list_has array_contains array_has list_has_all array_has_all
  list_has_any array_has_any list_position list_indexof array_position array_indexof list_concat list_cat array_concat
  array_cat list_append array_append list_prepend array_prepend list_extract list_element array_extract element_at
  list_slice array_slice list_sort array_sort list_reverse_sort array_reverse_sort list_reverse array_reverse
  list_distinct array_distinct list_unique array_unique list_intersect array_intersect list_where list_select
  list_filter array_filter filter list_transform array_transform apply list_apply array_apply list_reduce array_reduce
  reduce list_zip array_zip flatten array_length cardinality array_to_string
  list_count list_sum list_avg list_min list_max list_median list_mode list_product list_first list_last
  list_any_value list_bool_and list_bool_or list_stddev_pop list_stddev_samp list_var_pop list_var_samp
  struct_pack struct_extract struct_extract_at struct_contains struct_has struct_keys struct_values struct_position
  map map_contains map_contains_entry map_contains_value map_entries map_extract map_extract_value map_from_entries
  map_keys map_values union_extract union_tag union_value
  json json_valid json_type json_keys json_array_length json_contains json_exists json_extract json_extract_string
  json_extract_path json_extract_path_text json_value
  `
    .trim()
    .split(/\s+/),
)

/** Functions over many rows; outside of a window and of a sub-query they make an expression one about the table. */
export const allowedAggregates: ReadonlySet<string> = new Set(
  `
  count count_star count_if countif sum fsum sumkahan kahan_sum avg mean favg min max min_by max_by arg_min arg_max
  argmin argmax any_value arbitrary first last list array_agg string_agg group_concat listagg bool_and bool_or
  bit_and bit_or bit_xor product median mode mad quantile quantile_cont quantile_disc stddev stddev_pop stddev_samp
  variance var_pop var_samp sem skewness kurtosis kurtosis_pop entropy corr covar_pop covar_samp regr_avgx regr_avgy
  regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy geomean geometric_mean weighted_avg wavg
  histogram
  `
    .trim()
    .split(/\s+/),
)

/** Functions that are of use in a window only. */
export const allowedWindows: ReadonlySet<string> = new Set(
  'row_number rank dense_rank rank_dense percent_rank cume_dist ntile lag lead first_value last_value nth_value'.split(
    ' ',
  ),
)

/**
 * Names that stand for a function without parentheses where no column is called so: the clock, and who runs this.
 */
export const hiddenFunctions: ReadonlySet<string> = new Set(
  `current_date current_time current_timestamp localtime localtimestamp current_localtime current_localtimestamp
  current_catalog current_database current_schema current_role current_user session_user user today now`.split(
    /\s+/,
  ),
)
