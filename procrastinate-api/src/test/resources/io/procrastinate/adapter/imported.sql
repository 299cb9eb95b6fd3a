-- bound: few 3

-- part: of_another_file
 LIMIT :few
