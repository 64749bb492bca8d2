-- The window of a duplicate runs from the click that counted, so whether a click counts depends on the one before it.

-- Of clicks, sorted by visit (a visitor and a text) and by the order in which they were recorded: which count. "moments"
-- and "span" are in microseconds. Where "counted" is true that click counts whatever comes before it, where it is null a
-- click counts unless one less than "span" away has.
create function promo_counted_clicks(visits bigint[], moments bigint[], counted boolean[], span bigint)
returns boolean[] language plpgsql immutable as $$
declare
  visit bigint;
  moment bigint;
  first_counted bigint;
  last_counted bigint;
  all_counted bigint[];
begin
  for place in 1 .. coalesce(cardinality(visits), 0) loop
    if visit is distinct from visits[place] then
      visit := visits[place];
      first_counted := null;
      last_counted := null;
      all_counted := '{}';
    end if;
    moment := moments[place];
    if counted[place] is null then
      -- Clicks nearly always come in the order of their time; only one that came late has to look at all before it.
      counted[place] := case
        when last_counted is null or moment >= last_counted + span or moment <= first_counted - span then true
        when moment > last_counted - span then false
        else not exists (select from unnest(all_counted) other where abs(moment - other) < span)
      end;
    end if;
    if counted[place] then
      first_counted := least(first_counted, moment);
      last_counted := greatest(last_counted, moment);
      all_counted := all_counted || moment;
    end if;
  end loop;
  return counted;
end;
$$;
